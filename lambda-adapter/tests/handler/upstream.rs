//! An upstream on 127.0.0.1: answers every connection by one function, and keeps what it was sent.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// Stopped on drop.
pub(crate) struct Upstream {
    pub(crate) address: SocketAddr,
    answer: Arc<Mutex<Answer>>,
    requests: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

/// What comes of a request.
#[derive(Clone)]
pub(crate) enum Answer {
    /// These bytes.
    Bytes(Vec<u8>),
    /// The connection is closed.
    Close,
    /// Nothing, and the connection stays open.
    Nothing,
}

impl Upstream {
    /// Answers each request with these bytes; where they are none, the connection is closed.
    pub(crate) async fn answering(response: impl Into<Vec<u8>>) -> Self {
        let response = response.into();
        let answer = if response.is_empty() { Answer::Close } else { Answer::Bytes(response) };
        let answer = Arc::new(Mutex::new(answer));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::<Mutex<Vec<String>>>::default();
        let (kept, answering) = (Arc::clone(&requests), Arc::clone(&answer));
        let task = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&answering), Arc::clone(&kept)));
            }
        });
        Upstream { address, answer, requests, task }
    }

    /// Answers so from now on.
    pub(crate) fn answer(&self, answer: Answer) {
        *self.answer.lock().unwrap() = answer;
    }

    /// What it was sent since it was last asked.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.requests.lock().unwrap())
    }
}

impl Drop for Upstream {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, answer: Arc<Mutex<Answer>>, requests: Arc<Mutex<Vec<String>>>) {
    let mut received = Vec::new();
    loop {
        while let Some(length) = whole_request(&received) {
            let request: Vec<u8> = received.drain(..length).collect();
            requests.lock().unwrap().push(String::from_utf8(request).unwrap());
            let answer = answer.lock().unwrap().clone();
            match answer {
                Answer::Bytes(bytes) if stream.write_all(&bytes).await.is_ok() => {}
                Answer::Bytes(_) | Answer::Close => return,
                Answer::Nothing => {}
            }
        }
        match stream.read_buf(&mut received).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
    }
}

/// Length of the first request, once all of it is there.
fn whole_request(received: &[u8]) -> Option<usize> {
    let head = received.windows(4).position(|bytes| bytes == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&received[..head]).unwrap().to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length = head + length.map_or(0, |length| length.parse::<usize>().unwrap());
    (received.len() >= length).then_some(length)
}

//! A client's connection as hyper writes to it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Head and body of a short response together, in bytes: up to this they are copied into one
/// buffer, which costs less than having the kernel gather them.
const GATHER_BYTES_MAX: usize = 2048;

/// Passes everything on, but short gathered writes as plain ones.
pub(crate) struct Gathering<S>(pub(crate) S);

impl<S: AsyncRead + Unpin> AsyncRead for Gathering<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Gathering<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let [slice] = slices {
            return Pin::new(&mut self.0).poll_write(cx, slice);
        }
        let length: usize = slices.iter().map(|slice| slice.len()).sum();
        if length > GATHER_BYTES_MAX {
            return Pin::new(&mut self.0).poll_write_vectored(cx, slices);
        }
        let mut buffer = [0; GATHER_BYTES_MAX];
        let mut end = 0;
        for slice in slices {
            buffer[end..end + slice.len()].copy_from_slice(slice);
            end += slice.len();
        }
        Pin::new(&mut self.0).poll_write(cx, &buffer[..length])
    }

    fn is_write_vectored(&self) -> bool {
        self.0.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}

//! Reading a body whole: within the budget, no longer than the bound, no slower than the least rate.

use std::future::{Future as _, poll_fn};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http_body::{Body as _, Frame};
use hyper::body::Incoming;
use latchkey_published::limits::{HELD_FREE_BYTES, HELD_GRACE, HELD_LONGEST};
use tokio::time::{Instant, Sleep};

use crate::budget::{Budget, Charge, Kind};
use crate::failure::Failure;
use crate::progress::Progress;

/// Room that is made at once for a body which says how long it is, in bytes.
const ROOM_AT_ONCE_MAX: usize = 64 * 1024;

/// What bodies may cost.
#[derive(Clone, Debug)]
pub(crate) struct Holding {
    /// Bytes.
    pub(crate) budget: Arc<Budget>,
    /// Least rate; 0: none.
    pub(crate) bytes_per_second: u32,
}

/// As much of the body as was read for the decision.
pub(crate) enum ReadBody {
    /// Nothing.
    Unread(Incoming),
    /// All of it.
    Whole(HeldBody),
    /// It is longer than the bound.
    TooLarge,
    /// It may not be held.
    Refused(Unheld),
}

/// Why a body may not be held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unheld {
    /// It comes more slowly than bodies must.
    TooSlow,
    /// Too much is held already.
    TooMuch,
}

/// A body, and what is charged for it.
pub(crate) struct HeldBody {
    /// All of it.
    pub(crate) bytes: Bytes,
    charge: Option<Charge>,
}

impl HeldBody {
    /// No body.
    pub(crate) fn empty() -> Self {
        HeldBody { bytes: Bytes::new(), charge: None }
    }

    /// The bytes, which give back the charge when they are dropped.
    pub(crate) fn into_bytes(self) -> Bytes {
        match self.charge {
            Some(charge) => charge.bind(self.bytes),
            None => self.bytes,
        }
    }

    /// The same with what `edit` makes of the bytes: no more than they were.
    pub(crate) fn map(self, edit: impl FnOnce(&[u8]) -> Vec<u8>) -> Bytes {
        let edited = edit(&self.bytes);
        match self.charge {
            Some(charge) => charge.bind(edited),
            None => edited.into(),
        }
    }
}

impl Holding {
    /// Reads a body of `peer` whole, unless it is longer than `bytes_max`.
    pub(crate) async fn collect(
        &self,
        body: Incoming,
        bytes_max: usize,
        kind: Kind,
        peer: IpAddr,
        progress: &Progress,
    ) -> Result<ReadBody, Failure> {
        if body.size_hint().lower() > bytes_max as u64 {
            return Ok(ReadBody::TooLarge);
        }
        progress.begin_holding();
        let held = self.read(body, bytes_max, self.budget.charge(kind, peer), progress).await;
        progress.end_holding(matches!(held, Ok(ReadBody::Whole(_))));
        held
    }

    async fn read(
        &self,
        mut body: Incoming,
        bytes_max: usize,
        mut charge: Charge,
        progress: &Progress,
    ) -> Result<ReadBody, Failure> {
        let mut pace = Pace::new(self.bytes_per_second);
        let mut whole = Vec::new();
        loop {
            let frame = match pace.next(&mut body).await {
                Ok(Some(frame)) => frame.map_err(|error| Failure::of_body(&error))?,
                Ok(None) => return Ok(ReadBody::whole(whole.into(), charge)),
                Err(TooSlow) => return Ok(ReadBody::Refused(Unheld::TooSlow)),
            };
            let Ok(bytes) = frame.into_data() else { continue };
            progress.turn_to_client();
            let length = whole.len() + bytes.len();
            if length > bytes_max {
                return Ok(ReadBody::TooLarge);
            }
            // A short body comes in one piece, which is used as it is.
            let is_only_piece = whole.is_empty() && body.is_end_stream();
            let room = if is_only_piece { length } else { room(&body, whole.capacity(), length, bytes_max) };
            if room > HELD_FREE_BYTES && !charge.grow_to(room) {
                return Ok(ReadBody::Refused(Unheld::TooMuch));
            }
            if is_only_piece {
                return Ok(ReadBody::whole(bytes, charge));
            }
            whole.reserve_exact(room - whole.len());
            whole.extend_from_slice(&bytes);
        }
    }
}

impl ReadBody {
    fn whole(bytes: Bytes, charge: Charge) -> Self {
        ReadBody::Whole(HeldBody { bytes, charge: charge.into_some() })
    }
}

/// How much room there is to be for a body that has come to be `length` bytes long: what it says it
/// will have, as far as that is cheap to say, and otherwise twice as much as before.
fn room(body: &Incoming, room: usize, length: usize, bytes_max: usize) -> usize {
    if length <= room {
        return room;
    }
    let to_come = usize::try_from(body.size_hint().lower()).unwrap_or(usize::MAX);
    let whole = length.saturating_add(to_come);
    let room = if whole <= ROOM_AT_ONCE_MAX { whole } else { length.max(2 * room) };
    room.min(bytes_max)
}

/// The least rate was not kept.
struct TooSlow;

/// How fast a body comes. The timer is made when there is something to wait for.
struct Pace {
    bytes_per_second: u32,
    begun: Instant,
    bytes: u64,
    timer: Option<Pin<Box<Sleep>>>,
}

impl Pace {
    fn new(bytes_per_second: u32) -> Self {
        Pace { bytes_per_second, begun: Instant::now(), bytes: 0, timer: None }
    }

    async fn next(
        &mut self,
        body: &mut Incoming,
    ) -> Result<Option<Result<Frame<Bytes>, hyper::Error>>, TooSlow> {
        poll_fn(|cx| match Pin::new(&mut *body).poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(Ok(frame)) = &frame {
                    self.bytes += frame.data_ref().map_or(0, |bytes| bytes.len() as u64);
                }
                Poll::Ready(Ok(frame))
            }
            Poll::Pending if self.is_over(cx) => Poll::Ready(Err(TooSlow)),
            Poll::Pending => Poll::Pending,
        })
        .await
    }

    /// To be asked whenever nothing came.
    fn is_over(&mut self, cx: &mut Context<'_>) -> bool {
        let deadline = self.deadline();
        let timer = self.timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        while timer.as_mut().poll(cx).is_ready() {
            if deadline <= Instant::now() {
                return true;
            }
            timer.as_mut().reset(deadline);
        }
        false
    }

    /// When more must have come than has.
    fn deadline(&self) -> Instant {
        let earned = match self.bytes_per_second {
            0 => HELD_LONGEST,
            rate => HELD_GRACE + Duration::from_millis(self.bytes.saturating_mul(1000) / u64::from(rate)),
        };
        self.begun + earned.min(HELD_LONGEST)
    }
}

//! Failures of the store, and what the type system promises.

use serde_json::json;

use super::*;

#[tokio::test]
async fn futures_can_move_between_threads() {
    fn check<T: Send>(value: T) -> T {
        value
    }
    let control = new_control().await;
    let headers = headers(None);
    let head = head("GET", "/admin", None, &headers);
    assert_eq!(check(control.serve(&head, b"")).await.status(), 200);
    check(control.registry().resume_jobs()).await.unwrap();
}

#[tokio::test]
async fn store_failures_say_nothing_outside_and_all_inside() {
    struct Broken(std::sync::atomic::AtomicBool, MemoryStore);
    impl Store for Broken {
        async fn get(
            &self,
            key: &latchkey_store::RecordKey,
        ) -> Result<Option<latchkey_store::Versioned>, latchkey_store::StoreError> {
            match self.0.load(std::sync::atomic::Ordering::Relaxed) {
                true => Err(latchkey_store::StoreError::Failed("disk 7".into())),
                false => self.1.get(key).await,
            }
        }
        async fn commit(
            &self,
            batch: latchkey_store::Batch,
        ) -> Result<latchkey_store::Commit, latchkey_store::StoreError> {
            self.1.commit(batch).await
        }
        async fn scan(
            &self,
            _: &str,
            _: &str,
            _: Option<&str>,
            _: usize,
        ) -> Result<latchkey_store::Page, latchkey_store::StoreError> {
            Err(latchkey_store::StoreError::Unavailable("disk 8".into()))
        }
        async fn scan_all(
            &self,
            _: Option<&latchkey_store::RecordKey>,
            _: usize,
        ) -> Result<latchkey_store::AllPage, latchkey_store::StoreError> {
            Err(latchkey_store::StoreError::Unavailable("disk 9".into()))
        }
    }
    let control = control_over(Broken(false.into(), MemoryStore::default())).await;
    expect(
        call(&control, "GET", "/services", "").await,
        503,
        json!({"message": "An unexpected error occurred"}),
    );
    control.registry().store().0.store(true, std::sync::atomic::Ordering::Relaxed);
    let headers = headers(None);
    let response = control.serve(&head("GET", "/admin/services/lk_a-key", None, &headers), b"").await;
    assert_eq!(response.status(), 500);
    assert_eq!(response.body(), "{\"message\":\"An unexpected error occurred\"}");
    let cause = response.extensions().get::<crate::http::InternalCause>().unwrap();
    assert_eq!(cause.to_string(), "/services/{services}: store failed: disk 7");
}

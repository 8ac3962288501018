//! What all routes share, and how they hang together.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceFactory, ServiceRequest, ServiceResponse};
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, Error};
use model::Ts;
use query::Reader;
use secrecy::SecretString;

use crate::{auth, log, routes};

/// What all routes share.
pub struct Api {
    pub(crate) reader: Reader,
    key: RwLock<Option<SecretString>>,
    now: Arc<dyn Fn() -> Ts + Send + Sync>,
}

impl Api {
    /// Takes what to read from, what time it is, and the key that readers must show.
    pub fn new(
        reader: Reader,
        now: impl Fn() -> Ts + Send + Sync + 'static,
        key: Option<SecretString>,
    ) -> Self {
        Self {
            reader,
            key: RwLock::new(key),
            now: Arc::new(now),
        }
    }

    /// From now on readers must show this key.
    pub fn renew_key(&self, key: Option<SecretString>) {
        *self.key.write().unwrap_or_else(PoisonError::into_inner) = key;
    }

    pub(crate) fn key(&self) -> RwLockReadGuard<'_, Option<SecretString>> {
        self.key.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn now(&self) -> Ts {
        (self.now)()
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api")
            .field("reader", &self.reader)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

/// Returns the whole API, for a server or a test. Probes need no key.
pub fn service(
    api: Data<Api>,
) -> App<
    impl ServiceFactory<
        ServiceRequest,
        Config = (),
        Response = ServiceResponse<impl MessageBody>,
        Error = Error,
        InitError = (),
    >,
> {
    App::new()
        .app_data(api)
        .wrap(Compress::default())
        .wrap(from_fn(log::requests))
        .configure(routes::probes)
        .service(
            web::scope("")
                .wrap(from_fn(auth::check))
                .configure(routes::answers)
                .default_service(web::to(routes::unknown_path)),
        )
}

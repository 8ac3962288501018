//! Names that must not be mixed up, each a type of its own.

use std::{fmt, sync::Arc};

macro_rules! name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Arc<str>);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<Arc<str>>) -> Self {
                Self(text.into())
            }

            /// The value where the vendor has no such thing: empty text, never NULL.
            pub fn none() -> Self {
                Self(Arc::from(""))
            }

            /// Returns the text.
            pub fn as_str(&self) -> &str {
                &self.0
            }

            /// Whether this is [`Self::none`].
            pub fn is_none(&self) -> bool {
                self.0.is_empty()
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }
    };
}

name! {
    /// A vendor's id of what is measured, namespaced where a vendor has several kinds
    /// (`bitcoin`, `chain:Ethereum`, `equity:BTC`).
    AssetId
}
name! {
    /// The product of a venue (`BTCUSDT`), empty where a vendor has none.
    Instrument
}
name! {
    /// Where it trades (`binance-futures`), empty where a vendor aggregates.
    Venue
}
name! {
    /// The currency money is counted in, lower case (`usd`), empty where there is none.
    Quote
}
name! {
    /// A metric under its stored name (`CLOSE_PRICE`), upper snake case.
    MetricName
}

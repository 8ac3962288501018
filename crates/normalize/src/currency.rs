//! Prices that an exchange writes in parts of its currency: the pence of London, the cents of American
//! grain. Answers are in the currency itself. `migrations/V12__whole_currencies.sql` says the same to SQL.

/// A part of a currency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Part {
    /// Code of the part, in lower case.
    pub code: &'static str,
    /// Code of the currency.
    pub whole: &'static str,
    /// How many parts make one of it.
    pub parts: f64,
}

/// All that vendors quote in.
pub const PARTS: [Part; 4] = [
    Part::new("gbx", "gbp"),
    Part::new("ila", "ils"),
    Part::new("usx", "usd"),
    Part::new("zac", "zar"),
];

impl Part {
    const fn new(code: &'static str, whole: &'static str) -> Self {
        let parts = 100.0;
        Self { code, whole, parts }
    }

    /// Returns the part of that code; `None` where it is a currency, or nothing known.
    pub fn of(code: &str) -> Option<Self> {
        PARTS.into_iter().find(|part| part.code == code)
    }
}

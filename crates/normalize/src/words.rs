//! Units, kinds and what follows from them.

use std::{fmt, str::FromStr};

/// A word that is none of those allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is none of {allowed}")]
pub struct UnknownWord {
    text: String,
    allowed: String,
}

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name { $($(#[$vdoc])* $variant,)+ }

        impl $name {
            /// Every value.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// Returns the spelling used in files, tables and answers.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|word| word.as_str() == text)
                    .ok_or_else(|| UnknownWord {
                        text: text.to_owned(),
                        allowed: [$($word),+].join(", "),
                    })
            }
        }
    };
}

words! {
    /// What a number counts.
    Unit {
        /// Money in the quote currency of the series.
        Quote = "quote",
        /// Money in US dollars, whatever the series says: the vendor knows no other.
        Usd = "usd",
        /// Thousands of millions of US dollars.
        BillionUsd = "billion_usd",
        /// Units of the entity: coins, tokens.
        Token = "token",
        /// Shares of a company or fund.
        Shares = "shares",
        /// Things counted one by one.
        Count = "count",
        /// Things counted by the thousand.
        Thousand = "thousand",
        /// A part of one: 0.05 is five percent.
        Fraction = "fraction",
        /// A part of a hundred: 5 is five percent.
        Percent = "percent",
        /// A fraction for eight hours.
        FractionPer8h = "fraction_per_8h",
        /// A fraction for a year.
        FractionPerYear = "fraction_per_year",
        /// One quantity divided by another of the same unit.
        Ratio = "ratio",
        /// A place in an order, 1 the first.
        Rank = "rank",
        /// Points of an index with a base of its own.
        Index = "index",
        /// Points of a volatility index.
        Points = "points",
    }
}

impl Unit {
    /// Whether it is money, so that an answer names a currency.
    pub const fn is_money(self) -> bool {
        matches!(self, Self::Quote | Self::Usd | Self::BillionUsd)
    }

    /// Returns what turns a number in this unit into `canonical`; `None` where nothing does.
    pub fn multiplier_to(self, canonical: Self) -> Option<f64> {
        match (self, canonical) {
            (Self::Usd, Self::Quote) => Some(1.0),
            (Self::BillionUsd, Self::Quote) => Some(1e9),
            (Self::Percent, Self::Fraction | Self::FractionPer8h | Self::FractionPerYear) => {
                Some(0.01)
            }
            (Self::Thousand, Self::Count) => Some(1e3),
            (own, other) if own == other => Some(1.0),
            _ => None,
        }
    }
}

words! {
    /// How a metric behaves in time, so that nobody adds what may not be added.
    Kind {
        /// The state at the end of the bucket.
        Level = "level",
        /// What happened within the bucket.
        Flow = "flow",
        /// What happened within a fixed span before an instant.
        Rolling = "rolling",
        /// A rate or spread that holds over the bucket.
        Rate = "rate",
        /// A quotient of two flows.
        Ratio = "ratio",
        /// The first value of the bucket.
        Open = "open",
        /// The highest value of the bucket.
        High = "high",
        /// The lowest value of the bucket.
        Low = "low",
        /// Different things seen within the bucket, each counted once.
        CountDistinct = "count_distinct",
    }
}

/// How several buckets become one wider bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Resample {
    /// The value of the last bucket.
    Last,
    /// The sum.
    Sum,
    /// The mean.
    Mean,
    /// The value of the first bucket.
    First,
    /// The greatest.
    Max,
    /// The least.
    Min,
    /// Not at all: no number made from these means anything.
    Refuse,
}

impl Kind {
    /// Returns how buckets of this kind become a wider one.
    pub const fn resample(self) -> Resample {
        match self {
            // A trailing sum at the end of the wider bucket is still a trailing sum, of its own
            // span; adding or averaging it would count every trade several times.
            Self::Level | Self::Rolling => Resample::Last,
            Self::Flow => Resample::Sum,
            Self::Rate => Resample::Mean,
            Self::Open => Resample::First,
            Self::High => Resample::Max,
            Self::Low => Resample::Min,
            // Users of two days are not the sum, and a mean fee of a week needs the week's sums.
            Self::Ratio | Self::CountDistinct => Resample::Refuse,
        }
    }
}

words! {
    /// How the factor between an entity and a vendor's unit of it (`1000PEPE`: 1000) touches a value.
    Scales {
        /// A price of one unit: divided.
        Price = "price",
        /// A number of units: multiplied.
        Quantity = "quantity",
        /// Money, counts, rates: left alone.
        None = "none",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_reads_back() {
        for unit in Unit::ALL {
            assert_eq!(unit.as_str().parse(), Ok(*unit));
            assert_eq!(
                unit.multiplier_to(*unit).map(|m| m.to_string()),
                Some("1".to_owned())
            );
        }
        for kind in Kind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(*kind));
        }
        let error = "volume".parse::<Kind>().unwrap_err().to_string();
        assert!(
            error.starts_with("\"volume\" is none of level, flow, rolling"),
            "{error}"
        );
    }

    #[test]
    fn what_may_be_added_is_added() {
        for (kind, expected) in [
            (Kind::Level, Resample::Last),
            (Kind::Flow, Resample::Sum),
            (Kind::Rolling, Resample::Last),
            (Kind::Rate, Resample::Mean),
            (Kind::Ratio, Resample::Refuse),
            (Kind::Open, Resample::First),
            (Kind::High, Resample::Max),
            (Kind::Low, Resample::Min),
            (Kind::CountDistinct, Resample::Refuse),
        ] {
            assert_eq!(kind.resample(), expected, "{kind}");
        }
    }

    #[test]
    fn units_convert_in_one_direction_only() {
        assert_eq!(
            Unit::Percent
                .multiplier_to(Unit::Fraction)
                .map(|m| m.to_string()),
            Some("0.01".to_owned())
        );
        assert_eq!(Unit::Fraction.multiplier_to(Unit::Percent), None);
        assert_eq!(Unit::Quote.multiplier_to(Unit::Usd), None);
        assert!(Unit::Usd.is_money() && !Unit::Token.is_money());
    }
}

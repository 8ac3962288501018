//! Numbers as the vendor writes them: rounded for display unless asked otherwise.

use serde_json::Value;

use super::params::whole;

/// What the `precision` parameter asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Precision {
    Display,
    Full,
    Decimals(usize),
}

impl Precision {
    /// Rounds; `Full` leaves the number alone.
    pub(crate) fn round(self, value: f64) -> f64 {
        match self {
            Self::Full => value,
            Self::Decimals(decimals) => decimal(value, decimals),
            Self::Display => display(value),
        }
    }

    /// Writes a price: whole numbers come without a decimal point when rounded.
    pub(crate) fn price(self, value: Option<f64>) -> Value {
        let Some(value) = value else {
            return Value::Null;
        };
        let rounded = self.round(value);
        if self != Self::Full && rounded.abs() < 1e15 && rounded.fract().abs() < f64::EPSILON {
            return Value::from(whole(rounded));
        }
        Value::from(rounded)
    }
}

/// Writes a large amount without decimals.
pub(crate) fn amount(value: Option<f64>) -> Value {
    match value {
        Some(value) if value.abs() < 1e18 => Value::from(whole(value)),
        Some(value) => Value::from(value),
        None => Value::Null,
    }
}

/// Rounds to a number of decimals.
pub(crate) fn decimal(value: f64, decimals: usize) -> f64 {
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

fn display(value: f64) -> f64 {
    let size = value.abs();
    if size >= 10_000.0 {
        decimal(value, 0)
    } else if size >= 1.0 {
        decimal(value, 2)
    } else if size >= 0.01 {
        decimal(value, 6)
    } else {
        format!("{value:.3e}").parse().unwrap_or(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(precision: Precision, value: f64) -> String {
        precision.price(Some(value)).to_string()
    }

    #[test]
    fn display_rounds_as_the_samples_do() {
        assert_eq!(shown(Precision::Display, 77_671.244_1), "77671");
        assert_eq!(shown(Precision::Display, 2_138.661_4), "2138.66");
        assert_eq!(shown(Precision::Display, 0.432_979_4), "0.432979");
        assert_eq!(shown(Precision::Display, 0.000_006_041_234), "6.041e-6");
        assert_eq!(
            shown(Precision::Full, 77_953.825_503_824_07),
            "77953.82550382407"
        );
        assert_eq!(shown(Precision::Decimals(2), 1.239), "1.24");
        assert_eq!(shown(Precision::Decimals(0), 1.6), "2");
        assert_eq!(Precision::Full.price(None), Value::Null);
        assert_eq!(
            amount(Some(1_555_886_872_303.4)).to_string(),
            "1555886872303"
        );
    }
}

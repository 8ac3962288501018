//! What a question pins down, and what there is where nothing fits. Pure.

use model::{SourceId, Step};

use crate::Problem;
use crate::candidate::Candidate;
use crate::choose::{DEFAULT_QUOTE, same};
use crate::problem::Suggestion;

/// What the question pins down.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filters {
    pub(crate) source: Option<SourceId>,
    pub(crate) venue: Option<String>,
    pub(crate) quote: Option<String>,
    pub(crate) step: Option<Step>,
}

impl Filters {
    pub(crate) fn quote(&self) -> &str {
        self.quote.as_deref().unwrap_or(DEFAULT_QUOTE)
    }

    fn fits_source(&self, one: &Candidate) -> bool {
        self.source.is_none_or(|source| one.source == source)
    }

    /// What is no money has no currency to disagree about.
    fn fits_quote(&self, one: &Candidate) -> bool {
        one.currency()
            .is_none_or(|currency| currency == self.quote())
    }

    fn fits_venue(&self, one: &Candidate) -> bool {
        self.venue
            .as_deref()
            .is_none_or(|venue| same(&one.venue, venue))
    }

    fn fits_step(&self, one: &Candidate) -> bool {
        self.step.is_none_or(|step| one.step == step)
    }

    pub(crate) fn fit(&self, one: &Candidate) -> bool {
        self.fits_source(one) && self.fits_quote(one) && self.fits_venue(one) && self.fits_step(one)
    }

    /// Keeps what fits; where nothing does, says which word was one too many and what there is.
    pub(crate) fn narrow(
        &self,
        what: &str,
        candidates: Vec<Candidate>,
    ) -> Result<Vec<Candidate>, Problem> {
        let none = String::new();
        let source = self.source.map_or("", SourceId::as_str);
        let rest = keep(
            what,
            candidates,
            ("source", source),
            |one| self.fits_source(one),
            |one| one.source.to_string(),
        )?;
        let rest = keep(
            what,
            rest,
            ("quote", self.quote()),
            |one| self.fits_quote(one),
            |one| one.currency().unwrap_or_default().to_owned(),
        )?;
        let venue = self.venue.as_ref().unwrap_or(&none);
        let rest = keep(
            what,
            rest,
            ("venue", venue),
            |one| self.fits_venue(one),
            |one| one.venue.clone(),
        )?;
        let step = self.step.map_or("", Step::as_str);
        keep(
            what,
            rest,
            ("step", step),
            |one| self.fits_step(one),
            |one| one.step.to_string(),
        )
    }
}

fn keep(
    what: &str,
    candidates: Vec<Candidate>,
    (parameter, asked): (&'static str, &str),
    fits: impl Fn(&Candidate) -> bool,
    offer: impl Fn(&Candidate) -> String,
) -> Result<Vec<Candidate>, Problem> {
    let (fitting, rest): (Vec<_>, Vec<_>) = candidates.into_iter().partition(fits);
    if !fitting.is_empty() {
        return Ok(fitting);
    }
    let mut offers: Vec<String> = rest
        .iter()
        .map(offer)
        .filter(|offer| !offer.is_empty())
        .collect();
    offers.sort();
    offers.dedup();
    let there = match offers.as_slice() {
        [] => format!("it has no {parameter}: leave that out"),
        offers => format!("there is {}", offers.join(", ")),
    };
    Err(Problem::NoSuchSeries {
        detail: format!("{what} is not stored for {parameter} {asked:?}; {there}"),
        suggestions: offers
            .into_iter()
            .map(|offer| Suggestion::new(parameter, offer, ""))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use normalize::{Kind, Unit};

    use super::*;
    use crate::choose::tests::{COINGECKO, at_venue, meaning, price};

    #[test]
    fn what_does_not_fit_is_named_with_what_there_is() {
        let there = || {
            vec![
                price(COINGECKO, Step::Day),
                at_venue("coinbase", 10, Kind::Level),
            ]
        };
        let refused = |filters: Filters| match filters.narrow("PRICE of bitcoin", there()) {
            Err(Problem::NoSuchSeries { suggestions, .. }) => {
                let words = suggestions.into_iter();
                words
                    .map(|one| format!("{}={}", one.parameter, one.value))
                    .collect::<Vec<_>>()
            }
            other => panic!("{other:?}"),
        };
        let none = Filters::default();
        let source = Some(SourceId::new("artemis"));
        assert_eq!(
            refused(Filters {
                source,
                ..none.clone()
            }),
            ["source=coingecko", "source=velo"]
        );
        let quote = Some("eur".to_owned());
        assert_eq!(
            refused(Filters {
                quote,
                ..none.clone()
            }),
            ["quote=usd"]
        );
        let venue = Some("kraken".to_owned());
        assert_eq!(
            refused(Filters {
                venue,
                ..none.clone()
            }),
            ["venue=coinbase"]
        );
        let step = Some(Step::Week);
        assert_eq!(
            refused(Filters {
                step,
                ..none.clone()
            }),
            ["step=1d", "step=1h"]
        );
        assert_eq!(none.narrow("x", there()).unwrap().len(), 2);
    }

    #[test]
    fn quote_of_an_unknown_metric_counts_as_its_currency() {
        let in_quote = |quote: &str| Candidate {
            quote: quote.to_owned(),
            meaning: None,
            ..price(COINGECKO, Step::Day)
        };
        let none = Filters::default();
        assert!(none.fit(&in_quote("usd")) && none.fit(&in_quote("")));
        assert!(!none.fit(&in_quote("eur")));
        assert_eq!(in_quote("eur").unit(), Some("eur"));
        let quote = Some("eur".to_owned());
        let eur = Filters { quote, ..none };
        assert!(eur.fit(&in_quote("eur")) && !eur.fit(&in_quote("usd")));
    }

    #[test]
    fn what_is_no_money_has_no_currency_to_differ_in() {
        let mut supply = price(COINGECKO, Step::Day);
        supply.meaning = Some(meaning(COINGECKO, Unit::Token, Kind::Level));
        let eur = Filters {
            quote: Some("eur".to_owned()),
            ..Filters::default()
        };
        assert!(eur.fit(&supply));
        assert!(!eur.fit(&price(COINGECKO, Step::Day)));
    }
}

//! Query strings: each route says which parameters it takes; anything else is an error that names
//! the nearest.

use std::collections::BTreeMap;

use query::BadParameter;
use url::form_urlencoded;

use crate::problem::HttpProblem;

/// A parameter and its older names.
pub(crate) struct Known(pub(crate) &'static str, pub(crate) &'static [&'static str]);

/// Below this a suggestion is noise.
const LEAST_LIKENESS: f64 = 0.7;

/// The parameters of one request, under their own names.
#[derive(Debug, Default)]
pub(crate) struct Params {
    values: BTreeMap<&'static str, (String, String)>,
}

impl Params {
    /// Reads a query string. Names in any case.
    pub(crate) fn read(query: &str, known: &[Known]) -> Result<Self, HttpProblem> {
        let mut params = Self::default();
        let mut bad = Vec::new();
        for (spelled, value) in form_urlencoded::parse(query.as_bytes()) {
            let lower = spelled.to_lowercase();
            let name = known
                .iter()
                .find(|Known(name, older)| *name == lower || older.contains(&lower.as_str()));
            let Some(Known(name, _)) = name else {
                bad.push(unknown(&spelled, &lower, known));
                continue;
            };
            let twice = params
                .values
                .insert(name, (lower.clone(), value.into_owned()));
            if let Some((before, _)) = twice {
                let detail = if before == lower {
                    "is given twice".to_owned()
                } else {
                    format!("means the same as {before}: give one of them")
                };
                bad.push(BadParameter::new(lower, detail));
            }
        }
        if bad.is_empty() {
            Ok(params)
        } else {
            Err(HttpProblem::bad_parameters(bad))
        }
    }

    /// Returns a value by the parameter's own name.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        self.values.get(name).map(|(_, value)| value.clone())
    }

    /// Returns a parameter's name as the asker spelled it.
    pub(crate) fn spelling(&self, name: &str) -> String {
        self.values
            .get(name)
            .map_or(name, |(spelled, _)| spelled)
            .to_owned()
    }

    /// Returns the address of the next page: the same question with a cursor.
    pub(crate) fn next(&self, path: &str, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        for (name, (spelled, value)) in &self.values {
            if *name != "cursor" {
                query.append_pair(spelled, value);
            }
        }
        query.append_pair("cursor", cursor);
        format!("{path}?{}", query.finish())
    }
}

fn unknown(spelled: &str, lower: &str, known: &[Known]) -> BadParameter {
    let names: Vec<&str> = known.iter().map(|Known(name, _)| *name).collect();
    let nearest = names
        .iter()
        .map(|name| (strsim::jaro_winkler(name, lower), *name))
        .filter(|(likeness, _)| *likeness >= LEAST_LIKENESS)
        .max_by(|a, b| a.0.total_cmp(&b.0));
    let detail = match nearest {
        Some((_, name)) => format!("is no parameter here; did you mean {name}?"),
        None => "is no parameter here".to_owned(),
    };
    BadParameter {
        allowed: names.into_iter().map(str::to_owned).collect(),
        ..BadParameter::new(spelled, detail)
    }
}

#[cfg(test)]
mod tests {
    use actix_web::ResponseError;

    use super::*;

    const KNOWN: [Known; 4] = [
        Known("asset", &[]),
        Known("from", &["start_date"]),
        Known("limit", &[]),
        Known("cursor", &[]),
    ];

    #[test]
    fn names_in_any_case_and_older_ones() {
        let params = Params::read("ASSET=a+b%2Fc&start_date=2024-01-01", &KNOWN).unwrap();
        assert_eq!(params.get("asset").as_deref(), Some("a b/c"));
        assert_eq!(params.get("from").as_deref(), Some("2024-01-01"));
        assert_eq!(params.spelling("from"), "start_date");
        assert_eq!(params.get("limit"), None);
    }

    #[test]
    fn what_does_not_belong_is_named_with_the_nearest() {
        let problem = Params::read("aset=x&zzz=1&from=1&start_date=2&limit=1&limit=2", &KNOWN);
        let problem = problem.unwrap_err();
        assert_eq!(problem.status_code(), 400);
        let text = problem.to_string();
        for part in [
            "aset: is no parameter here; did you mean asset?",
            "zzz: is no parameter here;",
            "start_date: means the same as from",
            "limit: is given twice",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn next_page_asks_the_same() {
        let params = Params::read("cursor=old&start_date=-30d&asset=a%26b", &KNOWN).unwrap();
        assert_eq!(
            params.next("/x", "new"),
            "/x?asset=a%26b&start_date=-30d&cursor=new"
        );
    }
}

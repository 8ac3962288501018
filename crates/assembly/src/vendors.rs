//! The vendors by name. The only place that knows all source crates.

use std::sync::Arc;

use model::SourceId;
use runtime::{Env, VendorEnv};
use secrecy::SecretString;
use source::Source;
use source_alphavantage::AlphaVantage;
use source_artemis::Artemis;
use source_coingecko::CoinGecko;
use source_defillama::DefiLlama;
use source_velo::Velo;

/// The vendors that can be collected from, in the order of reports.
pub const SOURCES: [SourceId; 5] = [
    source_artemis::SOURCE,
    source_defillama::SOURCE,
    source_velo::SOURCE,
    source_coingecko::SOURCE,
    source_alphavantage::SOURCE,
];

/// Why a vendor cannot be built from the environment.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VendorError {
    /// No such vendor.
    #[error("there is no source {name:?}; there is {known}")]
    Unknown {
        /// What was named.
        name: String,
        /// What there is.
        known: String,
    },
    /// A variable is missing or wrong.
    #[error("{variable}: {what}")]
    Variable {
        /// Its name.
        variable: String,
        /// What is wrong and what would be right.
        what: String,
    },
}

/// Returns the vendor of that name, in any case.
///
/// # Errors
/// [`VendorError::Unknown`] with the names that there are.
pub fn source_named(name: &str) -> Result<SourceId, VendorError> {
    let found = SOURCES
        .into_iter()
        .find(|source| source.as_str().eq_ignore_ascii_case(name));
    found.ok_or_else(|| unknown(name))
}

/// Whether somebody set a vendor up: by a key, or, where it serves without one, by its file in
/// `sources-config`.
pub fn is_set_up(source: SourceId, env: &Env) -> bool {
    why_not_set_up(source, env).is_none()
}

/// Returns what is missing for a vendor to be collected at all.
pub(crate) fn why_not_set_up(source: SourceId, env: &Env) -> Option<String> {
    if env.vendor(source.as_str()).api_key.is_some() {
        return None;
    }
    // These have public hosts that serve without a key.
    let public = [source_coingecko::SOURCE, source_defillama::SOURCE];
    if !public.contains(&source) {
        return Some("no key is set".to_owned());
    }
    let folder = env.sources_config.as_deref()?;
    let file = format!("{source}.csv");
    (!folder.join(&file).exists()).then(|| format!("no key is set and there is no {file}"))
}

/// Builds a vendor as the environment describes it.
///
/// # Errors
/// [`VendorError`] naming the variable.
pub fn build(source: SourceId, env: &VendorEnv) -> Result<Arc<dyn Source>, VendorError> {
    let vendor = Vendor { source, env };
    match source {
        source_alphavantage::SOURCE => vendor.alphavantage(),
        source_artemis::SOURCE => vendor.artemis(),
        source_coingecko::SOURCE => vendor.coingecko(),
        source_defillama::SOURCE => vendor.defillama(),
        source_velo::SOURCE => vendor.velo(),
        _ => Err(unknown(source.as_str())),
    }
}

/// Returns a vendor to ask what it is like, also where it is not set up: then as if a key were there.
pub(crate) fn likeness(source: SourceId, env: &VendorEnv) -> Option<Arc<dyn Source>> {
    let mut with_key = VendorEnv::default();
    with_key.api_key = Some(SecretString::from("none"));
    build(source, env)
        .or_else(|_| build(source, &with_key))
        .ok()
}

/// A vendor and what the environment says of it.
struct Vendor<'a> {
    source: SourceId,
    env: &'a VendorEnv,
}

impl Vendor<'_> {
    fn alphavantage(&self) -> Result<Arc<dyn Source>, VendorError> {
        use source_alphavantage::{Plan, Settings};
        let plan = self.plan(Plan::Free)?;
        self.need_key(plan)?;
        Ok(Arc::new(AlphaVantage::new(Settings {
            plan,
            base_url: self.env.base_url.clone(),
            rpm: self.env.rpm,
        })))
    }

    fn artemis(&self) -> Result<Arc<dyn Source>, VendorError> {
        use source_artemis::{Plan, Settings};
        let plan = self.plan(Plan::Enterprise)?;
        self.need_key(plan)?;
        Ok(Arc::new(Artemis::new(Settings {
            plan,
            base_url: self.env.base_url.clone(),
            rpm: self.env.rpm,
        })))
    }

    fn coingecko(&self) -> Result<Arc<dyn Source>, VendorError> {
        use source_coingecko::{Plan, Settings};
        let by_key = match self.env.api_key {
            Some(_) => Plan::Demo,
            None => Plan::Keyless,
        };
        let plan = self.plan(by_key)?;
        if plan != Plan::Keyless {
            self.need_key(plan)?;
        }
        Ok(Arc::new(CoinGecko::new(Settings {
            plan,
            base_url: self.env.base_url.clone(),
            rpm: self.env.rpm,
        })))
    }

    fn defillama(&self) -> Result<Arc<dyn Source>, VendorError> {
        use source_defillama::{FreeHosts, Plan, Settings};
        let by_key = match self.env.api_key {
            Some(_) => Plan::Pro,
            None => Plan::Free,
        };
        let plan = self.plan(by_key)?;
        if plan == Plan::Pro {
            self.need_key(plan)?;
        }
        let host = |name: &str| self.env.lookup(name).map(str::to_owned);
        Ok(Arc::new(DefiLlama::new(Settings {
            plan,
            base_url: self.env.base_url.clone(),
            free_hosts: FreeHosts {
                api: host("API_BASE_URL"),
                coins: host("COINS_BASE_URL"),
                stablecoins: host("STABLECOINS_BASE_URL"),
                yields: host("YIELDS_BASE_URL"),
            },
            rpm: self.env.rpm,
        })))
    }

    fn velo(&self) -> Result<Arc<dyn Source>, VendorError> {
        use source_velo::{Plan, Settings};
        let plan = self.plan(Plan::Annual)?;
        self.need_key(plan)?;
        Ok(Arc::new(Velo::new(Settings {
            plan,
            base_url: self.env.base_url.clone(),
            rpm: self.env.rpm,
        })))
    }

    /// Reads `<VENDOR>_PLAN`.
    fn plan<P>(&self, otherwise: P) -> Result<P, VendorError>
    where
        P: std::str::FromStr<Err: std::fmt::Display>,
    {
        match &self.env.plan {
            None => Ok(otherwise),
            Some(text) => {
                (text.parse()).map_err(|error: P::Err| self.wrong("PLAN", error.to_string()))
            }
        }
    }

    fn need_key(&self, plan: impl std::fmt::Display) -> Result<(), VendorError> {
        if self.env.api_key.is_some() {
            return Ok(());
        }
        Err(self.wrong(
            "API_KEY",
            format!("is not set, and the plan {plan} needs one"),
        ))
    }

    fn wrong(&self, name: &str, what: String) -> VendorError {
        let vendor = self.source.as_str().to_uppercase();
        VendorError::Variable {
            variable: format!("{vendor}_{name}"),
            what,
        }
    }
}

fn unknown(name: &str) -> VendorError {
    VendorError::Unknown {
        name: name.to_owned(),
        known: SOURCES.map(SourceId::as_str).join(", "),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(plan: Option<&str>, key: Option<&str>) -> VendorEnv {
        let mut env = VendorEnv::default();
        env.plan = plan.map(str::to_owned);
        env.api_key = key.map(|key| SecretString::from(key.to_owned()));
        env
    }

    #[test]
    fn names_come_in_any_case_and_unknown_ones_with_the_known() {
        assert_eq!(source_named("CoinGecko").unwrap(), source_coingecko::SOURCE);
        let error = source_named("coingeko").unwrap_err().to_string();
        let known = SOURCES.map(SourceId::as_str).join(", ");
        let expected = format!("there is no source \"coingeko\"; there is {known}");
        assert_eq!(error, expected);
    }

    #[test]
    fn a_plan_that_needs_a_key_says_so() {
        let error = build(source_coingecko::SOURCE, &env(Some("analyst"), None)).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("COINGECKO_API_KEY: is not set"),
            "{error}"
        );
        let error = build(source_coingecko::SOURCE, &env(Some("gold"), Some("k"))).unwrap_err();
        assert!(error.to_string().starts_with("COINGECKO_PLAN: "), "{error}");
    }

    #[test]
    fn without_plan_the_key_decides() {
        for (key, auth) in [
            (None, source::Auth::None),
            (Some("CG-x"), source::Auth::Header("x-cg-demo-api-key")),
        ] {
            let built = build(source_coingecko::SOURCE, &env(None, key)).unwrap();
            assert_eq!(built.hosts()[0].auth, auth);
        }
    }
}

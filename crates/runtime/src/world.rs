//! Simulated or live: data of the two never meet in one database.

use store::World;
use url::{Host, Url};

use crate::Env;

/// One process would write simulated and live data into one database.
#[derive(Debug, thiserror::Error)]
#[error(
    "{simulated} is simulated (its address is this machine) and {live} is live: data of the two never \
     meet in one database; collect them by processes with databases of their own, or say with \
     CROSSFEED_WORLD what they are"
)]
pub struct MixedWorlds {
    /// A source whose address is this machine.
    pub simulated: String,
    /// A source whose address is not.
    pub live: String,
}

/// Returns what kind of data these sources give, as pairs of a source's name and one of its
/// addresses: simulated where the address is this machine, else live; `CROSSFEED_WORLD` decides
/// before that.
///
/// # Errors
/// [`MixedWorlds`] where they differ and nobody says which it is.
pub fn world<'a>(
    env: &Env,
    addresses: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Result<World, MixedWorlds> {
    if let Some(world) = env.world {
        return Ok(world);
    }
    let (mut simulated, mut live) = (None, None);
    for (source, address) in addresses {
        let seen = match is_loopback(address) {
            true => &mut simulated,
            false => &mut live,
        };
        seen.get_or_insert(source);
    }
    match (simulated, live) {
        (Some(simulated), Some(live)) => Err(MixedWorlds {
            simulated: simulated.to_owned(),
            live: live.to_owned(),
        }),
        (Some(_), None) => Ok(World::Simulated),
        (None, _) => Ok(World::Live),
    }
}

fn is_loopback(address: &str) -> bool {
    let Ok(url) = Url::parse(address) else {
        return false;
    };
    match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Ipv6(ip)) => ip.is_loopback() || ip.is_unspecified(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: &str = "https://api.coingecko.com/api/v3";

    #[test]
    fn loopback_is_simulated_unless_said_otherwise() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::from_parts([], folder.path()).unwrap();
        assert_eq!(world(&env, [("coingecko", LIVE)]).unwrap(), World::Live);
        assert_eq!(world(&env, []).unwrap(), World::Live);
        for here in [
            "http://127.0.0.1:9001/api/v3",
            "http://localhost:1",
            "http://[::1]:1/x",
        ] {
            let found = world(&env, [("velo", here), ("velo", here)]).unwrap();
            assert_eq!(found, World::Simulated, "{here}");
        }
        let said = [("CROSSFEED_WORLD".into(), "Simulated".into())];
        let env = Env::from_parts(said, folder.path()).unwrap();
        assert_eq!(
            world(&env, [("coingecko", LIVE)]).unwrap(),
            World::Simulated
        );
    }

    #[test]
    fn one_simulated_source_does_not_make_another_one_simulated() {
        let folder = tempfile::tempdir().unwrap();
        let env = Env::from_parts([], folder.path()).unwrap();
        let here = ("velo", "http://127.0.0.1:9001");
        for both in [[("coingecko", LIVE), here], [here, ("coingecko", LIVE)]] {
            let mixed = world(&env, both).unwrap_err();
            assert_eq!(
                (mixed.simulated.as_str(), mixed.live.as_str()),
                ("velo", "coingecko")
            );
            assert!(mixed.to_string().contains("CROSSFEED_WORLD"), "{mixed}");
        }
        let said = [("CROSSFEED_WORLD".into(), "live".into())];
        let env = Env::from_parts(said, folder.path()).unwrap();
        assert_eq!(
            world(&env, [("coingecko", LIVE), here]).unwrap(),
            World::Live
        );
    }
}

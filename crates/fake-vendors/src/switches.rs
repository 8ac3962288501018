//! Plans as a command line writes them: a name, then switches, each after a `+`.

/// Reads a plan: `named` knows the names, which `names` lists for who wrote another; `switch` turns one on.
///
/// # Errors
/// Says that no plan has the name, or what `switch` says.
pub(crate) fn plan<P>(
    text: &str,
    names: &str,
    named: impl Fn(&str) -> Option<P>,
    switch: impl Fn(&mut P, &str) -> Result<(), String>,
) -> Result<P, String> {
    let mut words = text.split('+');
    let name = words.next().unwrap_or_default();
    let mut plan = named(name).ok_or_else(|| format!("unknown plan `{name}`: {names}"))?;
    words.try_for_each(|word| switch(&mut plan, word))?;
    Ok(plan)
}

//! The name of the plan that an operator configures. Which plans there are is the vendor's own.

/// A plan that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no plan: {known}")]
pub struct UnknownPlan {
    text: String,
    known: &'static str,
}

/// Returns the plan that `find` knows by this name, in any case and with blanks around it. `known` tells
/// the operator which there are, such as `one of free, pro`.
///
/// # Errors
/// [`UnknownPlan`] where `find` knows none.
pub fn plan_named<P>(
    text: &str,
    known: &'static str,
    find: impl FnOnce(&str) -> Option<P>,
) -> Result<P, UnknownPlan> {
    let text = text.trim().to_ascii_lowercase();
    find(&text).ok_or(UnknownPlan { text, known })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_any_case_and_an_unknown_one_is_told_with_the_known() {
        let read = |text| {
            plan_named(text, "one of free, pro", |name| {
                (name == "pro").then_some(1)
            })
        };
        assert_eq!(read(" Pro\n"), Ok(1));
        let error = read("Gold").unwrap_err().to_string();
        assert_eq!(error, "\"gold\" is no plan: one of free, pro");
    }
}

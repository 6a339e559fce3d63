//! The order in which things are told: by their names, and by their ids where these are the same.

/// The items in the order of their keys.
///
/// One sort for all types: each type that is sorted by itself adds 5 kB to a program that Ansible copies for every task.
pub(crate) fn sorted<T>(items: Vec<T>, key: impl Fn(&T) -> (String, u64)) -> Vec<T> {
    let mut turns: Vec<((String, u64), usize)> = items.iter().map(key).zip(0..).collect();
    turns.sort_unstable();
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    turns
        .into_iter()
        .filter_map(|(_, index)| items[index].take())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_before_ids_and_the_same_stay_in_their_order() {
        let items = vec![("b", 1, 'a'), ("a", 2, 'b'), ("a", 1, 'c'), ("a", 1, 'd')];
        let told = sorted(items, |(name, id, _)| ((*name).to_owned(), *id));
        assert_eq!(told.iter().map(|item| item.2).collect::<String>(), "cdba");
    }
}

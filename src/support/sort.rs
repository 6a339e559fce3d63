//! The order of objects in results: by name, and by id where names are the same.

/// The items in the order of their keys.
///
/// The keys are sorted, not the items: each type that is sorted adds 5 kB to the program that Ansible copies for every task.
pub(crate) fn sorted<T>(items: Vec<T>, key: impl Fn(&T) -> (String, u64)) -> Vec<T> {
    let mut order: Vec<((String, u64), usize)> = items.iter().map(key).zip(0..).collect();
    order.sort_unstable();
    let mut items: Vec<Option<T>> = items.into_iter().map(Some).collect();
    order
        .into_iter()
        .filter_map(|(_, index)| items[index].take())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorts_by_name_then_id_and_keeps_equal_items_in_order() {
        let items = vec![("b", 1, 'a'), ("a", 2, 'b'), ("a", 1, 'c'), ("a", 1, 'd')];
        let sorted = sorted(items, |(name, id, _)| ((*name).to_owned(), *id));
        assert_eq!(sorted.iter().map(|item| item.2).collect::<String>(), "cdba");
    }
}

//! The operations under a model checker: `FRONTEGG_MODEL=1 cargo test -p frontegg-token --lib operations::model`.

use super::*;
use crate::store::{Change, Lease, Loaded, MemoryStore};
use crate::sync::thread;

const WITHIN: Duration = Duration::from_secs(60);

/// A store whose operations wait for each other's ends.
#[derive(Default)]
struct Counting {
    leased: Mutex<i32>,
    inside: Mutex<usize>,
    most: Mutex<usize>,
}

impl TokenStore for Counting {
    fn load(&self, name: &str, within: Duration) -> Result<Option<Loaded>, Error> {
        MemoryStore::new().load(name, within)
    }

    fn save(&self, name: &str, change: &Change<'_>, within: Duration) -> Result<bool, Error> {
        MemoryStore::new().save(name, change, within)
    }

    fn lease(&self, _: &str, _: &str, _: Duration, _: Duration) -> Result<Lease, Error> {
        *lock(&self.inside) += 1;
        let inside = *lock(&self.inside);
        let mut most = lock(&self.most);
        *most = inside.max(*most);
        drop(most);
        thread::yield_now();
        *lock(&self.leased) += 1;
        *lock(&self.inside) -= 1;
        Ok(Lease::Acquired)
    }

    fn release(&self, _: &str, _: &str, _: Duration) -> Result<(), Error> {
        *lock(&self.leased) -= 1;
        Ok(())
    }
}

fn lease(operations: &Operations, asker: &Arc<Asker>) -> Result<Lease, Error> {
    operations.run(
        asker,
        WITHIN,
        |store, within| store.lease("", "", WITHIN, within),
        |store, _| store.release("", "", WITHIN).unwrap(),
    )
}

#[test]
fn no_lease_is_lost_and_no_turn() {
    let scenario = || {
        let store = Arc::new(Counting::default());
        let operations = Arc::new(Operations::new(store.clone()));
        let askers: Vec<_> = (0..3).map(|_| Arc::<Asker>::default()).collect();
        let callers: Vec<_> = askers
            .iter()
            .map(|asker| {
                let (operations, asker) = (operations.clone(), asker.clone());
                thread::spawn(move || {
                    for _ in 0..2 {
                        if lease(&operations, &asker).is_ok() {
                            operations.release(&"".into(), &"".into());
                        }
                    }
                })
            })
            .collect();
        askers[0].give_up();
        callers.into_iter().for_each(|caller| caller.join().unwrap());
        let turns = operations.turns();
        while !turns.are_free() {
            thread::yield_now();
        }
        assert_eq!(*lock(&store.leased), 0);
        assert!(*lock(&store.most) <= 1);
    };
    shuttle::check_random(scenario, 5_000);
    shuttle::check_pct(scenario, 5_000, 3);
}

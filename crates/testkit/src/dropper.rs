//! Drops databases behind the tests' backs, one at a time, so that hundreds of tests do not fill
//! the disk. What it does not come to is removed with the server.

use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use tokio_postgres::Config;

use crate::connect;

type Order = (Config, String);

static ORDERS: OnceLock<SyncSender<Order>> = OnceLock::new();

/// Has the database dropped, unless there is too much to do.
pub(crate) fn submit(config: Config, name: &str) {
    let orders = ORDERS.get_or_init(|| {
        let (sender, orders) = sync_channel(1_000);
        // A thread of its own: the test's runtime ends with the test.
        std::thread::spawn(move || work(&orders));
        sender
    });
    // A full channel loses the order: best effort.
    orders.try_send((config, name.to_owned())).ok();
}

fn work(orders: &Receiver<Order>) {
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
    else {
        return;
    };
    while let Ok((config, name)) = orders.recv() {
        runtime.block_on(async {
            if let Ok(admin) = connect(&config).await {
                let statement = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
                admin.batch_execute(&statement).await.ok();
            }
        });
    }
}

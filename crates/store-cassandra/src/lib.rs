//! The store contract on Apache Cassandra (and ScyllaDB, which speaks the same protocol), for installations that one
//! machine cannot hold. The only room that links the driver.

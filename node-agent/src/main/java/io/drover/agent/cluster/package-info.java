/** The host's place in the cluster, and the records in ZooKeeper that say what may run here. */
package io.drover.agent.cluster;

/** Who may run a VM, as it is kept: in the VM's record in ZooKeeper, and in a hand-off's note on the host. */
package io.drover.agent.holding;

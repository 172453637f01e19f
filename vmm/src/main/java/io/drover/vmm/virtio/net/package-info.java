/**
 * The network device (virtio 1.2, 5.1): a nic that joins a guest to a {@link io.drover.vmm.net.Network}. Each pair of queues has
 * an I/O thread that sends and receives in turn, a batch of each, so that a guest that floods cannot keep what comes in from it.
 */
package io.drover.vmm.virtio.net;

/**
 * Split virtqueues (virtio 1.2, 2.7): how requests come from the guest and how their answers go back. Everything in a ring is
 * written by the guest, at any time and perhaps with bad intent: each value is read once, checked, and then only the checked
 * copy is used.
 */
package io.drover.vmm.virtio.queue;

/** Our virtio devices against QEMU's: the same guest with the same disk, in the same emulated host, by turns. */
package io.drover.bench;

/** The block device (virtio 1.2, 5.2): a {@link io.drover.vmm.disk.Disk} as a guest's. */
package io.drover.vmm.virtio.block;

/** The entropy device (virtio 1.2, 5.4). */
package io.drover.vmm.virtio.rng;

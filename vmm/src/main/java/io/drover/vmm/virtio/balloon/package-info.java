/**
 * The memory balloon (virtio 1.2, 5.5): how memory that a guest does not use goes back to the host. Either the host asks for some
 * of it, and the driver takes pages from its guest and hands them over (inflating), or the driver tells by itself of every larger
 * piece that nobody in the guest uses (free page reporting). Both end in a hole in the file that the guest's RAM is mapped from.
 *
 * <p>
 * No page is ever taken that the driver has not named, and a guest gets every page back by touching it, so a driver that says it
 * has pages when it has none, or uses those that it handed over, harms nobody but its guest.
 */
package io.drover.vmm.virtio.balloon;

/**
 * Modern virtio (1.2) over PCI: what every device has in common. A device is a {@link io.drover.vmm.virtio.VirtioDevice} in a
 * package of its own; {@link io.drover.vmm.virtio.VirtioPciFunction} puts it on the bus and does everything else.
 *
 * <h2>How to write a device</h2>
 *
 * Implement {@code VirtioDevice}: its numbers, the feature bits it offers, its queues, its configuration. When the driver is
 * ready, {@code activate} is called with what was negotiated and the queues that the driver has enabled: add one I/O thread for
 * each queue, or group of queues, that shall be served side by side, and give each a {@link io.drover.vmm.virtio.QueueHandler}.
 * A device that answers requests one by one implements {@link io.drover.vmm.virtio.RequestServer} and wraps it in a
 * {@link io.drover.vmm.virtio.RequestLoop}, which batches used entries and interrupts ({@code virtio.rng} is a whole device on
 * two pages); one that waits for something else than kicks as well has its I/O thread watch a file, and {@code ready} is called.
 *
 * <h2>Which thread owns what</h2>
 *
 * <ul>
 * <li>vCPU threads read and write registers, several at once. What the driver negotiates is guarded by the device's
 * {@code DriverSession}; the device's {@code activate}, {@code reset}, {@code readConfig} and {@code writeConfig} are called
 * under its lock, and must not wait for an I/O thread.
 * <li>Each I/O thread owns its queues and its handler from the driver's DRIVER_OK to the next reset, and waits for kicks on
 * eventfds. It is named after the device, and ends before the reset is seen as done.
 * <li>Interrupts may be raised, and {@code configurationChanged} be called, on any thread.
 * </ul>
 *
 * <h2>What a guest can do</h2>
 *
 * Anything. Registers answer every access and ignore what is out of turn. A ring or chain that breaks the rules is a
 * {@link io.drover.vmm.virtio.queue.QueueBreachException}: the I/O thread ends, the device shows NEEDS_RESET, the reason is
 * logged, and the next reset makes it as new. A handler must keep to the pieces of a chain, which are RAM, and must bound what
 * it does for one of them. A reset is never waited for on a vCPU: the status reads as it was until the last I/O thread has
 * ended, as the driver expects (virtio 1.2, 2.4.2 and 4.1.4.3.2).
 */
package io.drover.vmm.virtio;

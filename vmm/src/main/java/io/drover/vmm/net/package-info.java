/**
 * What a guest's nic is joined to: a {@link io.drover.vmm.net.Network} with a {@link io.drover.vmm.net.FramePort} for each pair
 * of the nic's queues. {@code net.user} is a network that needs no rights on the host, {@code net.tap} a device of the host's.
 */
package io.drover.vmm.net;

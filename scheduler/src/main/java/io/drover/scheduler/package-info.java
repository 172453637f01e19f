/**
 * Places VMs on hosts: a pure library. It does no I/O, starts no thread and reads no clock; the same state and the
 * same request always give the same answer, whatever the order in which the state was told.
 *
 * <ul>
 * <li>{@code capacity}: what a host can carry, and the one rule that says whether a VM fits;
 * <li>{@code host}: a host as the scheduler sees it;
 * <li>{@code placement}: the cluster in memory, filters, scores, reservations and the decision with its reasons;
 * <li>{@code waiting}: VMs that no host could take, and which of them a change can help.
 * </ul>
 *
 * <p><b>Threads.</b> A {@link io.drover.scheduler.placement.Cluster} and what is built on it belong to one thread,
 * the owner, which alone may call them; no lock is taken here. All records are immutable and may go anywhere.
 */
package io.drover.scheduler;

/**
 * The cluster in memory and the decisions made on it. {@link io.drover.scheduler.placement.Cluster} is the way in.
 *
 * <p>Inside, hosts are rows of a table of primitive arrays ({@code HostTable}), numbered densely by slot. What a
 * request demands of a host apart from capacity is its {@link io.drover.scheduler.placement.Constraints}; hosts are
 * sorted once per constraints into a {@code HostClass}, kept up to date host by host, so that a decision ({@code
 * Scan}) only walks bits and compares numbers. A rule that excludes hosts by the VMs on them is one more bit set to
 * strike out there.
 */
package io.drover.scheduler.placement;

/** Bounds of what VMs take of the host, by cgroups of their own. */
package io.drover.agent.cgroup;

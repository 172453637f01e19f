/** What of its host each VM is given: CPUs to itself, huge pages, NUMA nodes, limits. */
package io.drover.agent.share;

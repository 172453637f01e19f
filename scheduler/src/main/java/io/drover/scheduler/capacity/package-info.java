/** What a host can carry, what it carries, and the one rule that says whether a VM fits. */
package io.drover.scheduler.capacity;

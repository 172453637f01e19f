/** VMs that no host could take, and which of them a change can help. */
package io.drover.scheduler.waiting;

/** What CPUs show their guests, and what several have in common. */
package io.drover.scheduler.cpu;

/** The measurements of docs/performance.md: programs to run by hand on a quiet machine, not tests. */
package io.drover.vmm.bench;

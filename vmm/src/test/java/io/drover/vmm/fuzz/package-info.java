/**
 * Fuzz targets of the VMM: each takes any bytes as what a guest does, in one thread, and fails only by throwing. FuzzTargetsTest
 * runs them over the seeds and over random changes of them in every build; docs/fuzzing.md says how Jazzer runs them for hours.
 */
package io.drover.vmm.fuzz;

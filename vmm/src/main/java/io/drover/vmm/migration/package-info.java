/**
 * Live migration as a VMM sees it: it sends its guest's memory while the guest runs, stops it when it is told to, sends the
 * rest and the state of its devices; or it receives all that. Whether the guest runs afterwards, and where, others decide.
 */
package io.drover.vmm.migration;

/** Machines run by our own VMM on /dev/kvm, each in a process. */
package io.drover.agent.driver.kvm;

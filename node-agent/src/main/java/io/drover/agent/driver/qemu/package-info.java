/** Machines run by QEMU. */
package io.drover.agent.driver.qemu;

/** The VMM process: what its main does, and the control socket through which agents speak to it. */
package io.drover.vmm.process;

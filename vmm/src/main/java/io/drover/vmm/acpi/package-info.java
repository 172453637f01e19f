/** The tables by which a kernel learns what the machine is made of (ACPI specification 6.5). */
package io.drover.vmm.acpi;

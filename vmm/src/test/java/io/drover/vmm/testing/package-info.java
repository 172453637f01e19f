/** Guests made for tests, in this module's test-jar: small enough to read, real enough for KVM and QEMU. */
package io.drover.vmm.testing;

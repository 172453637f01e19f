/** Which system calls a VMM process may make once it runs a guest: a filter in the kernel that it cannot take off again. */
package io.drover.vmm.seccomp;

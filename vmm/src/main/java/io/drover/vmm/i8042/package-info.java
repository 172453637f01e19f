/** The keyboard controller: no keyboard, but the line by which PCs have been reset since 1984. */
package io.drover.vmm.i8042;

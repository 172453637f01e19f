/** The ways in which a guest asks for its machine to end. */
package io.drover.vmm.power;

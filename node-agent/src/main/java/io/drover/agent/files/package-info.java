/** The image files that a host holds. */
package io.drover.agent.files;

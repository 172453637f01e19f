/** The agent of a host: its main, its options, and how it is put together. */
package io.drover.agent;

// The live parts of the pages. Every page says the same without them.

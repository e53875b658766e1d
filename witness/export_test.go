package witness

// Step calls f between the check and the durable state.
func (w *Witness) Step(f func(string)) { w.step = f }

// LetGo calls f without the lock, as a witness does that checks and keeps in two steps.
func (w *Witness) LetGo(f func()) {
	w.mu.Unlock()
	defer w.mu.Lock()
	f()
}

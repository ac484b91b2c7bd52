/* The smallest static program: what the cost of exec is measured with. */
int main(void) {
    return 0;
}
